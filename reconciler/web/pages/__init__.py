"""The status page: functions from values to HTML, and the addresses they are served under."""
