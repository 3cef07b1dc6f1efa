"""Turn domain objects into the shapes of the API."""
