"""What is done to many schools at once, beside the running cloud: loading and rolling up."""
