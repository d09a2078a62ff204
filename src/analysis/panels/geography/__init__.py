"""Places, counties, their codes and shapes."""
