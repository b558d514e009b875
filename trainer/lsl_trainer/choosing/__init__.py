"""`--method auto`: what suits a store, found out on its training genes alone."""
