%% @private What a term is after it was stored in a dict and read again, without a way to the port program. Pure but for the
%% configured atom of None; docs/values.md has the table.
-module(py_stored).

-export([read_back/1]).

%% @doc Only terms that could be stored have a form; others come back as they are, and are refused when they are stored.
-spec read_back(term()) -> term().
read_back(Boolean) when is_boolean(Boolean) -> Boolean;
read_back(None) when None =:= none; None =:= nil; None =:= undefined -> application:get_env(pyport, none, none);
read_back(Atom) when is_atom(Atom) -> atom_to_binary(Atom, utf8);
read_back({bytes, Bytes}) when is_binary(Bytes) -> Bytes;
read_back({'$pyport_dict', Node, <<_:16/binary>>} = Handle) when is_atom(Node) -> Handle;
read_back({py_object, Type, Pickle} = Object) when is_binary(Type), is_binary(Pickle) -> Object;
read_back(Tuple) when is_tuple(Tuple) -> list_to_tuple([read_back(Element) || Element <- tuple_to_list(Tuple)]);
read_back([_ | _] = List) ->
    try length(List) of
        _ -> [read_back(Element) || Element <- List]
    catch
        error:badarg -> List   % improper: opaque to Python
    end;
read_back(Map) when is_map(Map) -> maps:from_list([{read_back(Key), read_back(Value)} || {Key, Value} <- maps:to_list(Map)]);
read_back(Term) -> Term.
