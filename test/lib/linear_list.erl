%% What the operations of a list mean that lives in the table. For module linear; values are those of linear_dict. Pure.
-module(linear_list).

-export([model/0]).

-spec model() -> linear:model().
model() ->
    #{initial => [], reads => [get_at, size, items], step => fun step/4, unseen => fun unseen/2,
      hopeless => fun(_, _, _) -> false end, results => fun results/2}.

step(Op, Arg, Result, State) ->
    case do(Op, Arg, State) of
        {Possible, Next} when Result =:= unknown; Result =:= Possible -> {ok, Next};
        _ -> no
    end.

unseen(#{op := Op}, _) -> lists:member(Op, maps:get(reads, model())).

results(#{op := Op}, History) ->
    lists:usort([Result || #{op := Other, result := Result} <- History, Other =:= Op, Result =/= unknown]
                ++ [missing || Op =:= pop orelse Op =:= get_at]).

do(append, [Value], List) -> {ok, List ++ [Value]};
do(extend, [Values], List) -> {ok, List ++ Values};
do(pop, [], []) -> {missing, []};
do(pop, [], List) -> {lists:last(List), lists:droplast(List)};
do(size, [], List) -> {length(List), List};
do(items, [], List) -> {List, List};
do(insert, [At, Value], List) ->
    {Before, After} = lists:split(min(At, length(List)), List),
    {ok, Before ++ [Value | After]};
do(_, [At | _], List) when At >= length(List) -> {missing, List};
do(Op, [At | Rest], List) ->
    {Before, [Element | After]} = lists:split(At, List),
    case {Op, Rest} of
        {get_at, []} -> {Element, List};
        {set_at, [Value]} -> {ok, Before ++ [Value | After]};
        {pop_at, []} -> {Element, Before ++ After};
        {del_at, []} -> {ok, Before ++ After}
    end.
