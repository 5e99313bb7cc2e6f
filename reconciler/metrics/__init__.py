"""What happens and how things stand, as Prometheus metrics. Names and labels are an interface."""
