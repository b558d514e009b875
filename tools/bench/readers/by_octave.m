% Prints every dataset of an HDF5 file that Octave loads, with its sum: octave-cli by_octave.m FILE
1;
function walk(group, above)
  for [value, key] = group
    if isstruct(value)
      walk(value, [above key "/"]);
    elseif ischar(value)
      printf("%s%s\t%.12g\n", above, key, sum(cellfun(@numel, cellstr(value))));
    else
      numbers = double(value(:));
      printf("%s%s\t%.12g\n", above, key, sum(numbers(! isnan(numbers))));
    end
  end
end
arguments = argv();
walk(load(arguments{end}), "");
