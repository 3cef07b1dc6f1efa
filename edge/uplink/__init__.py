"""From the buffer to InfluxDB, or to anything that speaks its write API."""
