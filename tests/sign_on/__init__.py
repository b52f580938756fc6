"""Single sign-on, against a real OpenID provider on the loopback (oidc-provider-mock)."""
