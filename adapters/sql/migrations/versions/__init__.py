"""One file a step; steps only add, so that two releases can run side by side."""
