"""MQTT: payload codec, broker connection and driver."""
