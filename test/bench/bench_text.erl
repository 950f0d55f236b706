%% Prints tables that read well on a terminal and in Markdown.
-module(bench_text).

-export([title/1, note/1, table/2, us/1, ns/1, ratio/1, thousands/1, mib/1]).

-spec title(iodata()) -> ok.
title(Text) -> io:format("~n## ~s~n~n", [Text]).

-spec note(iodata()) -> ok.
note(Text) -> io:format("~s~n", [Text]).

%% The first column is text, the others are numbers.
-spec table([iodata()], [[iodata()]]) -> ok.
table(Head, Rows) ->
    All = [[unicode:characters_to_list(Cell) || Cell <- Row] || Row <- [Head | Rows]],
    Widths = [lists:max([string:length(lists:nth(N, Row)) || Row <- All]) || N <- lists:seq(1, length(Head))],
    [First | Others] = [line(Widths, Row) || Row <- All],
    io:put_chars([First, rule(Widths), Others]).

line([Width | Widths], [Name | Cells]) ->
    ["| ", string:pad(Name, Width), " |",
     [[" ", string:pad(Cell, W, leading), " |"] || {W, Cell} <- lists:zip(Widths, Cells)], "\n"].

rule([Width | Widths]) ->
    ["|", lists:duplicate(Width + 2, $-), "|", [[lists:duplicate(W + 1, $-), ":|"] || W <- Widths], "\n"].

-spec us(number()) -> iodata().
us(Us) when Us < 10 -> io_lib:format("~.2f", [float(Us)]);
us(Us) -> io_lib:format("~.1f", [float(Us)]).

-spec ns(number()) -> iodata().
ns(Ns) -> io_lib:format("~b", [round(Ns)]).

-spec ratio(number()) -> iodata().
ratio(Ratio) -> io_lib:format("~.2f", [float(Ratio)]).

%% Operations a second, in thousands.
-spec thousands(number()) -> iodata().
thousands(N) when N < 100000 -> io_lib:format("~.1f", [N / 1000]);
thousands(N) -> io_lib:format("~b", [round(N / 1000)]).

-spec mib(number()) -> iodata().
mib(Bytes) -> io_lib:format("~.1f", [Bytes / (1 bsl 20)]).
