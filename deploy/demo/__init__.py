"""The demo: real people of five teams, played over HTTP and SMTP. It knows nothing of the services behind them."""
