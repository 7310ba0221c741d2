"""Doorward beside a floor and its peers, measured side by side in one run."""
