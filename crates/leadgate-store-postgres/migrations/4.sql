-- Version 4: the index that programs before version 3 look for repeats in goes, once none of them is connected.
DROP INDEX inbox_dedupe;
