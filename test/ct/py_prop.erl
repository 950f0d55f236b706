%% What the suites of properties share.
-module(py_prop).

-export([check/2, say/2, agrees/4, are_found/3, converted/1, text_key/0, key/0, small_value/0]).

-include("py_prop.hrl").

%%% Properties

%% PropEr's words are kept for the test's own log.
check(Property, Times) ->
    Result = proper:quickcheck(Property, [{numtests, Times}, {max_size, 40}, {on_output, fun say/2}]),
    ct:log("~ts", [lists:reverse(case erase(said) of undefined -> []; Said -> Said end)]),
    Result.

say(Format, Args) ->
    put(said, [io_lib:format(Format, Args) | case get(said) of undefined -> []; Said -> Said end]),
    ok.

%% Whether `Apply' gives for each operation what the model gives. What is raised is no answer and ends the test; it is told here,
%% since PropEr then calls erlang:get_stacktrace/0, which OTP has no more.
agrees(Ops, Model, ApplyToModel, Apply) ->
    try agree(Ops, Model, ApplyToModel, Apply)
    catch
        Class:Reason:Stack ->
            ct:log("~p: ~p~n~p~nin ~p", [Class, Reason, Stack, Ops]),
            erlang:raise(Class, Reason, Stack)
    end.

agree([], _, _, _) -> true;
agree([Op | Ops], Model, ApplyToModel, Apply) ->
    {Expected, Next} = ApplyToModel(Model, Op),
    case Apply(Op) of
        Expected -> agree(Ops, Next, ApplyToModel, Apply);
        Other ->
            say("~p gave ~p, not ~p~n", [Op, Other, Expected]),
            false
    end.

%% A property is worth something only if it fails for what is wrong in a small way: a fun that does an operation in another way,
%% and has no clause for those that it leaves alone.
are_found(Property, Apply, Broken) ->
    [{Name, false} = {Name, check(Property(but(How, Apply)), 2000)} || {Name, How} <- Broken].

but(How, Apply) ->
    fun(Where, Op) ->
            try How(Where, Op)
            catch error:function_clause:Stack ->
                    case Stack of
                        [{_, _, [Where, Op], _} | _] -> Apply(Where, Op);
                        _ -> erlang:raise(error, function_clause, Stack)
                    end
            end
    end.

%%% Generators

text_key() -> oneof([<<"a">>, <<"b">>, <<"c">>, <<>>, <<"süß"/utf8>>]).

key() -> frequency([{4, text_key()}, {2, oneof([0, 1, -1, 255, 256, 1 bsl 40, (1 bsl 63) - 1, -(1 bsl 63)])},
                    {1, <<255, 0>>}, {1, <<"1">>}]).

small_value() -> oneof([integer(), [], true, none, binary(), {integer(), [binary()]}, ?LET(N, integer(), #{<<"k">> => N})]).

%%% The table of conversions

converted(Atom) when Atom =:= true; Atom =:= false -> Atom;
converted(Atom) when Atom =:= none; Atom =:= nil; Atom =:= undefined -> none;
converted(Atom) when is_atom(Atom) -> atom_to_binary(Atom, utf8);
converted({bytes, Bytes}) when is_binary(Bytes) -> Bytes;
converted(Tuple) when is_tuple(Tuple) -> list_to_tuple([converted(T) || T <- tuple_to_list(Tuple)]);
converted(List) when is_list(List) -> [converted(T) || T <- List];
converted(Map) when is_map(Map) -> maps:from_list([{converted(K), converted(V)} || {K, V} <- maps:to_list(Map)]);
converted(Other) -> Other.
