"""What follows: deliveries to SharePoint and by mail, and the erasing of what is past its period. Read consumers.py first."""
