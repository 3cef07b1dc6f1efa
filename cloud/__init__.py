"""The service: what each school has, whether it works, whether it is used, and what that scores."""
