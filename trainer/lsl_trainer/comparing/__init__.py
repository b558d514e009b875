"""Methods side by side, over seeds: the paper's Table II and Figures 5 and 6, and what differences are worth."""
