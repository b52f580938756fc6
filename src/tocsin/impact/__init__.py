"""What open incidents do to business services: incidents seen through the graph of services."""
