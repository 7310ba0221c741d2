"""The use cases: one class each, one file per feature, depending on ports only."""
