"""What tests of several folders share: pictures, stores, models and servers whose truth is known."""
