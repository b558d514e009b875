"""Single genes: when they begin and end, where they peak, which others are like them."""
