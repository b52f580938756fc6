"""Pure decisions on events: is it valid, what does it mean, what does it do."""
