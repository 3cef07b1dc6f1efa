"""The assessment procedure: which step may follow which, and the service that records steps."""
