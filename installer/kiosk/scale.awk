# What wlr-randr says of the screens in, `NAME FACTOR` out for each whose points are so small that everything on it is drawn larger:
# letters have about the same size on every PC. Whole numbers alone, since the others blur.
function tell() {
  if (name != "" && wide > 0 && mm > 0 && wide / mm * 25.4 >= 160) print name, 2
}
/^[^ ]/ { tell(); name = $1; wide = mm = 0 }
/^ *Physical size:/ { split($3, size, "x"); mm = size[1] }
/current/ { split($1, size, "x"); wide = size[1] }
END { tell() }
