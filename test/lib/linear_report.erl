%% A violation in words and as a timeline that a person can read. Pure.
-module(linear_report).

-export([format/1]).

-define(WIDTH, 48).   % columns of the timeline
-define(TEXT, 60).    % of a value

%% @doc What went wrong, and the operations that show it, each with the time from its invocation to its return.
-spec format(linear:violation()) -> iolist().
format(#{key := Key, history := History, smallest := Smallest, culprit := Culprit, possible := Possible}) ->
    Sorted = lists:sort(fun(#{invoked := A}, #{invoked := B}) -> A =< B end, Smallest),
    #{process := Process, op := Op, result := Result} = Culprit,
    Column = columns(Sorted),
    Start = lists:min([Invoked || #{invoked := Invoked} <- Sorted]),
    [io_lib:format("not linearizable: key ~0tp, ~ts of ~ts gave ~ts; ~ts~n",
                   [Key, Op, name(Process), text(Result), instead(Possible)]),
     io_lib:format("~b of ~b operations on the key are enough to show it, whatever the key was before them "
                   "(in microseconds: invoked, returned):~n", [length(Smallest), length(History)]),
     [line(Operation, Column, Start, Operation =:= Culprit) || Operation <- Sorted]].

instead([]) -> "no result would have been right";
instead(Possible) -> ["right would have been ", lists:join(" or ", [text(Result) || Result <- Possible])].

line(#{process := Process, invoked := Invoked, returned := Returned} = Operation, Column, Start, IsCulprit) ->
    io_lib:format("~ts |~ts| ~9ts ~9ts  ~ts ~ts~n",
                  [mark(IsCulprit), bar(Column(Invoked), Returned, Column), micros(Invoked - Start),
                   micros(Returned, Start), string:pad(name(Process), 16), what(Operation)]).

mark(true) -> ">>";
mark(false) -> "  ".

what(#{op := set, arg := Arg, result := Result}) -> ["set ", text(Arg), " -> ", text(Result)];
what(#{op := Op, arg := none, result := Result}) -> [atom_to_list(Op), " -> ", text(Result)];
what(#{op := Op, arg := Arg, result := Result}) -> [atom_to_list(Op), " ", text(Arg), " -> ", text(Result)].

name(Process) when is_list(Process); is_binary(Process) -> Process;
name(Process) -> io_lib:format("~0tp", [Process]).

text(unknown) -> "?";
text(Term) -> string:slice(io_lib:format("~0tp", [Term]), 0, ?TEXT).

micros(infinity, _) -> "never";
micros(Time, Start) -> micros(Time - Start).

micros(Nanoseconds) -> float_to_list(Nanoseconds / 1000, [{decimals, 1}]).

%% Events are told apart by their order, not by how far apart they are.
columns(Operations) ->
    Times = lists:usort([Invoked || #{invoked := Invoked} <- Operations]
                        ++ [Returned || #{returned := Returned} <- Operations, Returned =/= infinity]),
    Last = max(1, length(Times) - 1),
    Ranks = maps:from_list([{Time, (Rank - 1) * (?WIDTH - 1) div Last} || {Rank, Time} <- lists:enumerate(Times)]),
    fun(Time) -> maps:get(Time, Ranks) end.

bar(From, infinity, _) -> [lists:duplicate(From, $\s), lists:duplicate(?WIDTH - From - 1, $-), "?"];
bar(From, Returned, Column) ->
    To = Column(Returned),
    [lists:duplicate(From, $\s), lists:duplicate(To - From + 1, $=), lists:duplicate(?WIDTH - To - 1, $\s)].
