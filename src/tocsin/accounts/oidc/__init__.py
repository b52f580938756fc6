"""OpenID Connect, as its client: discovery, the authorization code flow with PKCE, and what an id_token is worth."""
