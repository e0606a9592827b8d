"""Published laws as functions, their fits, the stock and the demand."""
