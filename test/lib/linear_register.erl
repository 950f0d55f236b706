%% What the operations on one key of a dict mean: a register that is `missing' or has a value. For module linear.
%% del says `deleted' or `missing' where the API tells, and `ok' where it does not. Pure.
-module(linear_register).

-export([model/0]).

-spec model() -> linear:model().
model() ->
    #{initial => missing, reads => [get, contains], step => fun step/4, unseen => fun unseen/2,
      hopeless => fun hopeless/3, results => fun results/2, states => fun states/1}.

step(Op, Arg, unknown, State) -> next(Op, Arg, State);
step(set, Arg, ok, State) -> next(set, Arg, State);
step(get, _, State, State) -> {ok, State};
step(contains, _, true, {value, _} = State) -> {ok, State};
step(contains, _, false, missing) -> {ok, missing};
step(del, _, ok, _) -> {ok, missing};
step(del, _, deleted, {value, _}) -> {ok, missing};
step(del, _, missing, missing) -> {ok, missing};
step(_, _, _, _) -> no.

next(set, Arg, _) -> {ok, {value, Arg}};
next(del, _, _) -> {ok, missing};
next(Read, _, State) when Read =:= get; Read =:= contains -> {ok, State}.

%% A set whose value nobody got, where nobody was told that there is one.
unseen(#{op := set, arg := Arg}, Others) -> not lists:any(fun(Other) -> sees(Other, Arg) end, Others);
unseen(#{op := Op}, _) -> Op =:= get orelse Op =:= contains.

sees(#{op := get, result := Result}, Arg) -> Result =:= {value, Arg};
sees(#{op := contains, result := Result}, _) -> Result =:= true;
sees(#{op := del, result := Result}, _) -> Result =:= deleted;
sees(#{op := set}, _) -> false.

%% Nobody writes a value twice: who must still get it gets it before it is overwritten.
hopeless({value, Value} = State, Next, Left) when Next =/= State ->
    lists:any(fun(#{op := get, result := Result}) -> Result =:= State; (#{}) -> false end, Left)
        andalso not lists:any(fun(#{op := set, arg := Arg}) -> Arg =:= Value; (#{}) -> false end, Left);
hopeless(_, _, _) -> false.

results(#{op := get}, History) -> [missing | lists:usort([{value, Arg} || #{op := set, arg := Arg} <- History])];
results(#{op := contains}, _) -> [true, false];
results(#{op := del}, _) -> [deleted, missing, ok];
results(#{op := set}, _) -> [ok].

states(History) ->
    [missing, {value, unheard_of} | lists:usort([Result || #{op := get, result := {value, _} = Result} <- History])].
