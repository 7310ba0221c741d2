"""Accounts: registering, one's own account, and administering others'."""
