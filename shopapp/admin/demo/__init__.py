"""A believable shop to look around in: goods, drawn pictures, people and a year of orders."""
