"""The gateway: one per school, turning device speech into readings and usage, losing none."""
