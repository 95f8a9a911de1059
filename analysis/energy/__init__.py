"""What tokens cost: energy by run and interval, what it bought, and the published efficiency metric taken apart."""
