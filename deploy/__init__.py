"""How Casework is brought to life: on one machine (`deploy.local`) and in containers (`compose.yaml`)."""
