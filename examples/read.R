# Reads a store, its annotations, its maps and its atlas in R, and prints what is in them; examples/read.py prints the same.
#
#     Rscript examples/read.R store.h5 store.annotations.h5 [store.gems/gems.h5 [atlas.h5ad]]
#
# It needs rhdf5 (Bioconductor) or hdf5r (CRAN), and no Python. Three things differ from Python:
# axes come in reversed order, bytes come as raw in rhdf5, and R counts from 1.

if (requireNamespace("rhdf5", quietly = TRUE)) {
  read <- function(file, key, index = NULL) rhdf5::h5read(file, key, index = index)
  attributes_of <- function(file, key) rhdf5::h5readAttributes(file, key)
  keys <- function(file) rhdf5::h5ls(file, recursive = FALSE)$name
  size <- function(file, key) {
    listed <- rhdf5::h5ls(file)
    found <- listed$dim[paste0(sub("/$", "", listed$group), "/", listed$name) == paste0("/", key)]
    as.integer(strsplit(found, " x ")[[1]])
  }
} else {
  opened <- function(file, work) {
    handle <- hdf5r::H5File$new(file, "r")
    on.exit(handle$close_all())
    work(handle)
  }
  read <- function(file, key, index = NULL) opened(file, function(handle) {
    if (is.null(index)) return(handle[[key]]$read())
    handle[[key]]$read(args = lapply(index, function(one) if (is.null(one)) quote(expr = ) else one))
  })
  attributes_of <- function(file, key) opened(file, function(handle) hdf5r::h5attributes(handle[[key]]))
  keys <- function(file) opened(file, function(handle) names(handle))
  size <- function(file, key) opened(file, function(handle) handle[[key]]$dims)
}

numbers <- function(bytes) array(as.integer(bytes), dim(bytes))  # rhdf5 gives bytes as raw, which cannot be added

names_of <- function(places, classes) {
  places[places < 0] <- NA  # -1 says: none. classes[0] would be left out without a word
  factor(classes[places + 1], levels = classes)
}

read_store <- function(store) {
  axes <- size(store, "images")  # 3 x W x H x N
  cat(sprintf("images: %d of %d x %d\n", axes[4], axes[3], axes[2]))
  classes <- attributes_of(store, "labels/stage")$classes
  labels <- table(names_of(as.integer(read(store, "labels/stage")), classes))
  cat(sprintf("labelled stage %s: %d\n", classes, labels[classes]), sep = "")
}

mean_saliency <- function(annotations, block = 256) {
  count <- size(annotations, "saliency")[3]  # W x H x N
  scale <- as.numeric(read(annotations, "saliency_scale"))
  total <- 0
  for (first in seq(1, count, by = block)) {
    rows <- first:min(first + block - 1, count)
    maps <- numbers(read(annotations, "saliency", list(NULL, NULL, rows)))
    total <- total + sum(apply(maps, 3, mean) * scale[rows] / 255)
  }
  total / count
}

read_annotations <- function(annotations) {
  classes <- attributes_of(annotations, "stage")$classes
  given <- table(names_of(as.integer(read(annotations, "stage/class")), classes))
  cat(sprintf("given stage %s: %d\n", classes, given[classes]), sep = "")
  sets <- read(annotations, "stage/prediction_set") == 1  # classes x images
  cat(sprintf("possible stages of %s: %d\n", read(annotations, "id")[1], sum(sets[, 1])))
  if ("saliency" %in% keys(annotations)) cat(sprintf("mean saliency: %.4e\n", mean_saliency(annotations)))
}

read_gems <- function(gems) {
  for (key in sort(keys(gems))) {
    told <- attributes_of(gems, key)
    gem <- read(gems, paste0(key, "/gem"))  # W x H: t(gem) stands as the picture does
    cat(sprintf("map of %s: %d images of %d genes, mean %.4e\n", told$stage, told$n_images, told$n_genes, mean(gem)))
  }
}

read_atlas <- function(atlas) {
  mean_stain <- read(atlas, "X")  # genes x places: R turns the axes
  stages <- read(atlas, "obs/stage/categories")[as.integer(read(atlas, "obs/stage/codes")) + 1]
  genes <- read(atlas, "var/_index")
  for (stage in unique(stages)) {
    here <- mean_stain[, stages == stage, drop = FALSE]
    known <- rowSums(is.nan(here)) == 0  # genes that have images of this stage
    cat(sprintf("atlas of %s: %d genes at %d places, mean %.4e\n", stage, sum(known), ncol(here), mean(here[known, ])))
  }
  cat(sprintf("first gene: %s, egg length of the last place %.2f\n", genes[1], rev(read(atlas, "obs/egg_length"))[1]))
}

files <- commandArgs(trailingOnly = TRUE)
read_store(files[1])
read_annotations(files[2])
if (length(files) > 2) read_gems(files[3])
if (length(files) > 3) read_atlas(files[4])
