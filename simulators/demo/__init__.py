"""The demo: starts the cloud, the gateway and the school as processes and watches them."""
