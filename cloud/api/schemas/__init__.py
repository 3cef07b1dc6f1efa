"""The request and response shapes of the API, the only place where HTTP shapes are defined."""
