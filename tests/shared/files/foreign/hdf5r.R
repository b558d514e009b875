# Makes hdf5r.h5: a store as design/files.md has it, written by R with hdf5r 1.3.8 (HDF5 1.10.8).  Rscript hdf5r.R
library(hdf5r)
count <- 6; height <- 8; width <- 10
at <- function(colour, column, row, image) (64 * image + 9 * row + 5 * column + 3 * colour) %% 251
images <- array(0L, c(3, width, height, count))
for (n in 1:count) for (h in 1:height) for (w in 1:width) for (c in 1:3)
  images[c, w, h, n] <- as.integer(at(c - 1, w - 1, h - 1, n - 1))
file <- H5File$new("hdf5r.h5", "w")
file$create_dataset("images", images, dtype = h5types$H5T_STD_U8LE, chunk_dims = c(3, width, height, 3))
samples <- file$create_group("samples")
samples[["id"]] <- letters[1:6]
samples[["gene"]] <- c("eve", "eve", "ftz", "ftz", "hb", "")
labels <- file$create_group("labels")
labels[["stage_range"]] <- c(0L, 1L, -1L, 0L, 1L, 0L)
h5attr(labels[["stage_range"]], "classes") <- c("4-6", "7-8")
labels[["stage"]] <- c(0, 1, -1, 0, 1, 0)
h5attr(labels[["stage"]], "classes") <- c("5", "7")
h5attr(labels[["stage"]], "parent") <- "stage_range"
h5attr(labels[["stage"]], "parent_index") <- c(0, 1)
h5attr(file, "format") <- "lsl-store"
h5attr(file, "version") <- 1
file$close_all()
