%% Whether two terms are the same to the last bit, and where not. Pure.
-module(value_diff).

-export([encode/1, first/2]).

-define(LONGEST, 60).   % characters of a term that is shown

%% @doc The same bytes for the same terms, and other ones for 0.0 and -0.0, which are =:= before OTP 27.
-spec encode(term()) -> binary().
encode(Term) -> term_to_binary(Term, [deterministic, {minor_version, 2}]).

%% @doc The first place where what was found is not what was expected, and of what kind both are there: none of the values
%% as a whole, which may be large.
-spec first(term(), term()) -> none | {[term()], string()}.
first(Expected, Found) ->
    case encode(Expected) =:= encode(Found) of
        true -> none;
        false -> walk(Expected, Found)
    end.

walk([A | As], [B | Bs]) -> in_list(1, [A | As], [B | Bs]);
walk(A, B) when is_tuple(A), is_tuple(B), tuple_size(A) =:= tuple_size(B) -> in_list(1, tuple_to_list(A), tuple_to_list(B));
walk(A, B) when is_map(A), is_map(B) -> in_map(by_key(A), by_key(B));
walk(A, B) ->
    case encode(A) =:= encode(B) of
        true -> none;
        false -> {[], kind(A) ++ ", not " ++ kind(B)}
    end.

in_list(N, [A | As], [B | Bs]) -> either(N, first(A, B), fun() -> in_list(N + 1, As, Bs) end);
in_list(N, A, B) -> either({tail, N}, walk(A, B), fun() -> none end).

%% Two maps that are the same may have their parts in another order.
in_map(As, Bs) ->
    case maps:keys(As) -- maps:keys(Bs) of
        [Missing | _] -> {[], "no key " ++ kind(element(1, maps:get(Missing, As)))};
        [] when map_size(As) < map_size(Bs) -> {[], "keys too many"};
        [] -> in_values([{Key, A, element(2, maps:get(Name, Bs))} || {Name, {Key, A}} <- maps:to_list(As)])
    end.

in_values([]) -> none;
in_values([{Key, A, B} | More]) -> either(kind(Key), first(A, B), fun() -> in_values(More) end).

by_key(Map) -> maps:from_list([{encode(Key), {Key, Part}} || {Key, Part} <- maps:to_list(Map)]).

either(_, none, Next) -> Next();
either(Step, {Path, What}, _) -> {[Step | Path], What}.

kind(Term) -> lists:flatten([name(Term), " ", string:slice(io_lib:format("~0tP", [Term, 6]), 0, ?LONGEST)]).

name(Term) when is_binary(Term) -> io_lib:format("binary of ~b bytes", [byte_size(Term)]);
name(Term) when is_bitstring(Term) -> "bitstring";
name(Term) when is_integer(Term) -> io_lib:format("integer of ~b bits", [bit_size(binary:encode_unsigned(abs(Term)))]);
name(Term) when is_float(Term) -> io_lib:format("float ~.16b", [binary:decode_unsigned(<<Term/float>>)]);
name(Term) when is_tuple(Term) -> io_lib:format("tuple of ~b", [tuple_size(Term)]);
name(Term) when is_map(Term) -> io_lib:format("map of ~b", [map_size(Term)]);
name(Term) when is_list(Term) -> "list";
name(Term) when is_atom(Term) -> "atom";
name(_) -> "opaque".
