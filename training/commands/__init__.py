"""What can be asked of training at the prompt. No command imports another."""
