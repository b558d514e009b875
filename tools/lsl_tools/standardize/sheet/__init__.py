"""Contact sheets of photographs and what was made of them."""
