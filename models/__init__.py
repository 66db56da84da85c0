"""The nouns of the portal and the verbs that change them. Imports nothing of portal, worker or integrations."""
