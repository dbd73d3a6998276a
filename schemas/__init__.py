"""What may be said: the contracts, their marks, and the code that loads and checks them."""
