"""The page: gradio controls, three components of our own, and the handlers behind them."""
