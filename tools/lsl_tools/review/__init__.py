"""`lsl-review`: looking at images, correcting and giving labels in a browser."""
