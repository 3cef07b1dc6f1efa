"""The cheapest plan that would bring a school into the selection."""
