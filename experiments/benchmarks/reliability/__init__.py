"""What must not be lost, or fail, however hard it is tried."""
