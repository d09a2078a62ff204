"""What the studies say of a list somebody gives, beside ours."""
