"""Real outside parts that tests start and stop: a broker, a database, whole processes of ours."""
