/** A program that does nothing, until it is told to end. */
setInterval(() => {}, 1 << 30)
