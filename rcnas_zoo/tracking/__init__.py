"""Floor 3: MLflow. Runs, a run that observes, and the store they lie in."""
