"""An InfluxDB that gateways write to; the only place that speaks InfluxQL."""
