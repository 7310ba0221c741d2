"""Sessions: opening, refreshing, listing and ending them."""
